// Mutants that behave as the original does, by their description, each with the reason.
export const EQUIVALENT = {
};
