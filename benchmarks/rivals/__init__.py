"""The predictor's work done in other stream processors, each installed apart, beside the predictor itself."""
