using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>
/// Why connections ended whose socket the host has closed, for the program that asks when it finds out. Bounded: a
/// program that never asks must not fill the memory.
/// </summary>
internal sealed class RecentErrors
{
    private const int Capacity = 4096;

    private readonly Dictionary<SocketKey, Errno> _errors = [];
    private readonly Queue<SocketKey> _byAge = new();

    public void Remember(SocketKey key, Errno error)
    {
        if (!_errors.ContainsKey(key))
            _byAge.Enqueue(key);
        _errors[key] = error;
        while (_byAge.Count > Capacity)
            _errors.Remove(_byAge.Dequeue());
    }

    /// <summary>The error, which is forgotten with the answer as SO_ERROR does; None if there is none.</summary>
    public Errno Take(SocketKey key) => _errors.Remove(key, out Errno error) ? error : Errno.None;
}
