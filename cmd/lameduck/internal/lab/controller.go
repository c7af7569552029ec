package lab

// reconcile is the controller of the workload.
func (l *loop) reconcile() {
	switch l.cfg.Workload.Kind {
	case statefulSet:
		l.reconcileStatefulSet()
	case daemonSet:
		l.reconcileDaemonSet()
	default:
		l.reconcileDeployment()
	}
}
