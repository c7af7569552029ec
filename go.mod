module github.com/lameduck-dev/lameduck

go 1.25.0
