namespace Pyco.Bench;

/// <summary>A measure could not be taken; the message says what happened.</summary>
internal sealed class BenchException(string message) : Exception(message);
