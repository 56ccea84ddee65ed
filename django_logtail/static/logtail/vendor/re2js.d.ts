export const RE2JS: any;
