"""The checks: test_stage_NN_*.py holds those of stage N."""
