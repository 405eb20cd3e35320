"""The parts of the local stack: what each is, how it is started, and what a crash of ours leaves behind."""
