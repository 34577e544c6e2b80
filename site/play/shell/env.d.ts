// What the type checker cannot see by itself.
/// <reference types="vite/client" />
