package sandbox

import "os"

// Main must be the first call in main, and in the TestMain of tests that start
// pods: in a copy of the program that was started as a pod, a hook or a guard
// it does not return. Such a copy is known by its name, argv[0].
func Main() {
	switch os.Args[0] {
	case podRole:
		execOrReport(setUpPod)
	case hookRole:
		execOrReport(nil)
	case guardRole:
		runGuard(os.Stdin, killGroup)
		os.Exit(0)
	}
	takeEntered()
}
