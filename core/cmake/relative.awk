# Prints the relative path from a folder to another, both absolute, on one line: FROM TO.
{
  from = split($1, a, "/+")
  to = split($2, b, "/+")
  for (same = 1; same < from && same < to && a[same + 1] == b[same + 1];) same++
  path = ""
  for (i = same; i < from; i++) path = path "../"
  for (i = same + 1; i <= to; i++) path = path b[i] "/"
  sub(/\/$/, "", path)
  print path == "" ? "." : path
}
