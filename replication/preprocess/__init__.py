"""Stage 01: find and centre the iris, crop and resize the frame, split the images."""
