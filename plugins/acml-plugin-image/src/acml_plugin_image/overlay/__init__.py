"""Lay a candidate's drawing over the ink of a picture and see how well the two agree."""
