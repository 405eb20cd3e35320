"""What customers are told.

`telling` chooses the words that fit, `wording` has them all, `channels` carries them to the customer.
"""
