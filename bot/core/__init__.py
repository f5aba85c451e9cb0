"""The application without a word of Discord: requests, orders, prices, retries, policy, settings.

It knows `data` and `engine`. Import the modules from here: `studio` is where an order's story is told.
"""
