package sandbox

func newBackend(cfg *Config) (backend, error) {
	if !cfg.Isolated {
		return newPlain(cfg)
	}
	if err := Available(); err != nil {
		return nil, err
	}
	return newNamespaces(cfg)
}
