# names.awk - the names in the NAME section of a page in scdoc, one a line.
/^# / {
  inside = $0 == "# NAME"
  next
}
inside {
  text = text $0 " "
}
END {
  sub(/ - .*/, "", text)
  count = split(text, names, /[ ,]+/)
  for (i = 1; i <= count; i++)
    if (names[i] != "")
      print names[i]
}
