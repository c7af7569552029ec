package finding

// Recommendation is what one trial recommends for the service. Its JSON form is
// part of the tool's contract.
type Recommendation struct {
	DelaySeconds int    `json:"delay_s"` // how long to go on serving after T0; 0 if nothing was measured
	GraceSeconds int    `json:"grace_s"` // terminationGracePeriodSeconds; 0 if nothing was measured
	Why          string `json:"why"`     // the sum behind them, one sentence
}
