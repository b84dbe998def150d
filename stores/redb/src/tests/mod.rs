mod disk; mod power;
