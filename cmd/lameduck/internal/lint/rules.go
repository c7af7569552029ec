package lint

import "slices"

// rules in the order of docs/RULES.md: what ends the server too early, what keeps the
// stop signal from it, what ends too many pods at the same time, what sends clients to a
// pod that is gone.
var rules = []rule{
	rulePreStopUsesTheGracePeriod,
	ruleGraceShorterThanDrain,
	ruleNoDrainDelay,
	ruleGraceTooShort,
	ruleSignalDoesNotReachTheServer,
	ruleSignalMeansSomethingElse,
	ruleContainerIgnoresSIGTERM,
	ruleNoReadinessProbe,
	ruleProbeOnAnotherPort,
	ruleReadinessSameAsLiveness,
	ruleReadinessSlowerThanGrace,
	ruleSingleReplica,
	ruleOneEndpointNearby,
	ruleRolloutTakesAllPodsDown,
	ruleRecreateBehindService,
	ruleManualUpdate,
	ruleHostPortBlocksSurge,
	ruleNoDisruptionBudget,
	ruleBudgetNeverAllows,
	ruleBudgetsOverlap,
	ruleBudgetSelectsNothing,
	ruleBudgetKeepsBrokenPods,
	ruleNoSpread,
	ruleSpreadSelectorMismatch,
	ruleAntiAffinityBlocksRollout,
	ruleProxyNotASidecar,
	ruleSidecarOrder,
	ruleHTTPGetHookUnderMesh,
	ruleHookCannotWork,
	ruleHookEndsTheServer,
	ruleServiceSelectsNothing,
	ruleRoutesToUnreadyPods,
	ruleReadinessEndsLocalTraffic,
	ruleStickySessions,
	ruleLoadBalancerDrainsLate,
	ruleUDPService,
	ruleDaemonSetTakesAllNodes,
	ruleParallelStatefulSet,
	ruleRolloutDynamicStableScale,
	ruleUnknownField,
	ruleIgnoreAnnotation,
}

// known reports whether there is a rule of that ID.
func known(id string) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return r.id == id })
}
