// Package grpcgo has the tests in which clients of grpc-go go through the
// termination of a server of grpc-go that the library runs: with the version
// of go.mod, and with that of old.mod, whose Stop can block for ever.
package grpcgo
