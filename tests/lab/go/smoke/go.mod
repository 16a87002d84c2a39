module lab/smoke

go 1.24
