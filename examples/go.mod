module github.com/lameduck-dev/lameduck/examples

go 1.26.0

require github.com/lameduck-dev/lameduck v0.0.0

require github.com/coder/websocket v1.8.15

replace github.com/lameduck-dev/lameduck => ../
