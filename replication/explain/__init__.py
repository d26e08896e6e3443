"""Stage 08: explain the glaucoma network by Deep Taylor, and draw Figure 5."""
