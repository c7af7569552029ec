// Command images makes the images that the e2e tests need and prints the paths
// of their archives, one a line. It may need the network, which the tests do
// not have.
//
//	LOAD="kind load image-archive" IMAGES="$(go run ./e2e/cmd/images)" E2E=1 go test ./e2e
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/lameduck-dev/lameduck/e2e/images"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, image := range images.All {
		path, ref, err := image(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, "images:", err)
			os.Exit(3)
		}
		fmt.Fprintln(os.Stderr, ref)
		fmt.Println(path)
	}
}
