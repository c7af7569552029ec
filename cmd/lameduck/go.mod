module github.com/lameduck-dev/lameduck/cmd/lameduck

go 1.26.0

require github.com/lameduck-dev/lameduck v0.0.0

require (
	github.com/google/go-cmp v0.7.0
	go.yaml.in/yaml/v4 v4.0.0
	golang.org/x/sys v0.49.0
)

replace github.com/lameduck-dev/lameduck => ../..
