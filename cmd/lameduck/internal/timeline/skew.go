package timeline

import "time"

// Skew is how far the clock of a node is ahead of the one the run is timed
// by; negative if it is behind.
type Skew struct {
	Node   string        `json:"node"`
	Ahead  time.Duration `json:"ahead"`
	Within time.Duration `json:"within"` // how far that may be off
}
