//go:build unix && !linux

package sandbox

import "os"

type diag struct{}

func newDiag(*os.File) *diag { return &diag{} }

func (*diag) acceptQueue(int) (Queue, error) { return Queue{}, ErrNoQueue }

func (*diag) unaccepted(int) ([]uint64, error) { return nil, ErrNoQueue }

func (*diag) close() {}
