module shareable

go 1.19
