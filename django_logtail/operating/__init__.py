"""What operators are told: who reads, who watches, and what is wrong."""
