"""The attack on anybody's privatized images, without a run and without a network (docs/attack.md)."""
