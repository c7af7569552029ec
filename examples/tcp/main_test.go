package main

import (
	"testing"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

func TestTerminates(t *testing.T) { trial.Leave(t, load.TCP, "closing line") }

func TestALossIsSeen(t *testing.T) { trial.Kill(t, load.TCP) }
