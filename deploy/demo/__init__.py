"""The story of El Tari, played on a whole platform through public HTTP and Kafka alone, told and checked as it goes."""
