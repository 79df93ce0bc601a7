namespace Pyco.Stack.Transport;

/// <summary>Chooses local ports that nobody asked for by number, at random (RFC 6056 §3.3.2).</summary>
internal static class EphemeralPorts
{
    /// <summary>Linux's ip_local_port_range.</summary>
    public const int First = 32768;

    /// <inheritdoc cref="First"/>
    public const int Last = 60999;

    /// <summary>Random tries before all ports are looked at in turn.</summary>
    private const int RandomTries = 16;

    /// <summary>Finds a port that <paramref name="isFree"/> says may be used; false if there is none.</summary>
    public static bool TryChoose(Entropy entropy, Func<ushort, bool> isFree, out ushort port)
    {
        const int count = Last - First + 1;
        for (int tries = 0; tries < RandomTries; tries++)
        {
            port = (ushort)(First + entropy.Next(count));
            if (isFree(port))
                return true;
        }
        int start = entropy.Next(count);
        for (int step = 0; step < count; step++)
        {
            port = (ushort)(First + ((start + step) % count));
            if (isFree(port))
                return true;
        }
        port = 0;
        return false;
    }
}
