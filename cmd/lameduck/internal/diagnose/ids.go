package diagnose

// The stable names of the findings.
const (
	neverReady    = "never-became-ready"
	probeFails    = "readiness-probe-fails"
	ignoresSignal = "ignores-the-signal"
	meansReload   = "signal-means-reload"
	hookEnds      = "prestop-hook-ends-the-server"
	closesEarly   = "closes-its-listener-too-early"
	graceShorter  = "grace-shorter-than-delay"
	exitsAtOnce   = "exits-at-once"
	crashes       = "crashes"
	notReady      = "not-ready-when-told"
	answers5xx    = "answers-5xx-while-terminating"
	delayShorter  = "delay-shorter-than-propagation"
	cutsKeepAlive = "cuts-keep-alive-at-exit"
	cutsInFlight  = "cuts-in-flight-at-exit"
	closesIdle    = "closes-idle-connections"
	noEndpoint    = "no-endpoint"
	evicted       = "evicted-without-notice"
	forced        = "deleted-by-force"
	notKeepingUp  = "does-not-keep-up"
	tooBusy       = "too-busy-to-judge"
	unexplained   = "unexplained"
)
