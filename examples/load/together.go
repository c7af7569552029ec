package load

import (
	"context"
	"sync"
)

// Together is all of loads at the same time.
func Together(loads ...Load) Load {
	return func(ctx context.Context, dial Dial, t *Tally) {
		var group sync.WaitGroup
		for _, load := range loads {
			group.Go(func() { load(ctx, dial, t) })
		}
		group.Wait()
	}
}
