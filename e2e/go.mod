module github.com/lameduck-dev/lameduck/e2e

go 1.26.0

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/lameduck-dev/lameduck v0.0.0
	github.com/lameduck-dev/lameduck/deploy/image v0.0.0
	github.com/spf13/cobra v1.10.2 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	github.com/vishvananda/netlink v1.3.1 // indirect
	github.com/vishvananda/netns v0.0.5 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/lameduck-dev/lameduck => ../

replace github.com/lameduck-dev/lameduck/deploy/image => ../deploy/image
