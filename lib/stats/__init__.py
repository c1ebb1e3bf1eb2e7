"""Numbers in, numbers out: evidence that stays true however often anyone looks. numpy and scipy only."""
