using Pyco.Stack;

namespace Pyco.Host.Publishing;

/// <summary>A published port at work.</summary>
internal interface IPublication : IDisposable
{
    /// <summary>With the port that the kernel has chosen, where it was to.</summary>
    PublishedPort Port { get; }

    /// <summary>True while something that a program has sent is not with the kernel yet.</summary>
    bool HasUnfinished { get; }

    /// <summary>Gives the port back to the machine; what is going on goes on.</summary>
    void StopListening();

    /// <summary>Does what is due.</summary>
    /// <returns>When to call next even if nothing happens, or null.</returns>
    Instant? Advance(Instant now);
}
