module github.com/lameduck-dev/lameduck/conformance

go 1.26.0

require (
	github.com/lameduck-dev/lameduck v0.0.0
	golang.org/x/net v0.62.0
)

replace github.com/lameduck-dev/lameduck => ../
