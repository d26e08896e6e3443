"""The numbers of the paper's Table 1 and what their digits say."""
