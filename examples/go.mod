module github.com/lameduck-dev/lameduck/examples

go 1.26.0

require github.com/lameduck-dev/lameduck v0.0.0

replace github.com/lameduck-dev/lameduck => ../
