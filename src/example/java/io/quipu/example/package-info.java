/**
 * Programs on the Java client, to read and to copy from. Each takes the address of a server and a
 * token, and needs {@code quipu-client.jar} and what that depends on, nothing of the server.
 */
package io.quipu.example;
