package report

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func moment(d time.Duration) *float64 {
	if d == timeline.Never {
		return nil
	}
	return new(millis(d))
}
