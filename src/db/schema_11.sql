-- Version 11: what a rollup charges for its data on the chain below.

ALTER TABLE tx ADD COLUMN l1_fee_wei TEXT; -- in total_wei too; NULL where there is none
