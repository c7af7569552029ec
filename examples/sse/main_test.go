package main

import (
	"testing"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

func TestTerminates(t *testing.T) { trial.Leave(t, load.SSE, "reconnect event") }

func TestALossIsSeen(t *testing.T) { trial.Kill(t, load.SSE) }
