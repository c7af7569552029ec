module github.com/lameduck-dev/lameduck

go 1.26.0
