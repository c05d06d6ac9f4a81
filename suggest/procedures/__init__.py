"""Procedures: what was done, as CPT, HCPCS Level II or ICD-10-PCS codes with modifiers, units and pointers."""
