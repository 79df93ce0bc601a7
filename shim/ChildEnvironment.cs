namespace Pyco.Shim;

/// <summary>
/// The environment of a program that is about to start. What puts it on the virtual network, LD_PRELOAD with our
/// library and PYCO_HOST, is put back where the caller has left it out, unless PYCO_DETACH asks for the machine's own
/// network (docs/decisions, 9).
/// </summary>
internal unsafe struct ChildEnvironment
{
    // LD_PRELOAD, PYCO_HOST, PYCO_HOSTNAME, and the NULL at the end.
    private const int MostNewPointers = 4;

    private byte** _original;
    private int _count;

    /// <summary>False where the caller's environment does as it is.</summary>
    internal bool MustChange { readonly get; private set; }

    /// <summary>PYCO_DETACH is set.</summary>
    internal bool Detaches { readonly get; private set; }

    /// <summary>PYCO_HOST is there.</summary>
    internal bool HasHost { readonly get; private set; }

    /// <summary>The value of LD_PRELOAD, or null.</summary>
    internal byte* Preload { readonly get; private set; }

    /// <summary>How many octets the new LD_PRELOAD takes at most.</summary>
    internal readonly int PreloadLength =>
        OwnEnvironment.PreloadCapacity + (Preload != null ? Memory.Length(Preload) : 0);

    /// <summary>How many octets <see cref="Write"/> needs.</summary>
    internal readonly long Length => ((long)(_count + MostNewPointers) * sizeof(byte*)) + PreloadLength;

    /// <param name="environment">As execve(2) takes it; Linux takes NULL for an empty one.</param>
    internal static ChildEnvironment Look(byte** environment)
    {
        ChildEnvironment child = new() { _original = environment };
        if (!StackHost.IsConfigured)
            return child;
        for (byte** entry = environment; environment != null && *entry != null; entry++)
        {
            child._count++;
            child.Look(*entry);
        }

        child.MustChange = child.Detaches || !child.HasHost || !OwnEnvironment.IsPreloadedBy(child.Preload);
        return child;
    }

    private void Look(byte* entry)
    {
        byte* preload = OwnEnvironment.Value(entry, "LD_PRELOAD="u8);
        if (preload != null)
            Preload = preload; // the loader takes the last one too

        // A host that is named is the caller's choice: pyco-run inside pyco-run names another.
        HasHost |= OwnEnvironment.Value(entry, "PYCO_HOST="u8) != null;
        byte* detach = OwnEnvironment.Value(entry, "PYCO_DETACH="u8);
        Detaches |= detach != null && *detach != 0;
    }

    /// <summary>The changed environment, which ends as the room does.</summary>
    internal readonly byte** Write(byte* room)
    {
        byte** start = (byte**)room;
        byte** to = start;
        for (int i = 0; i < _count; i++)
        {
            if (Survives(_original[i]))
                *to++ = _original[i];
        }

        if (!Detaches)
        {
            *to++ = OwnEnvironment.WritePreload((byte*)(start + _count + MostNewPointers), Preload);
            if (!HasHost)
                *to++ = StackHost.Variable;
            if (!HasHost && HostName.IsConfigured)
                *to++ = HostName.Variable;
        }

        *to = null;
        return start;
    }

    private readonly bool Survives(byte* entry)
    {
        if (!Detaches)
            return OwnEnvironment.Value(entry, "LD_PRELOAD="u8) == null && (HasHost || !IsOurs(entry));

        // Without PYCO_HOST the library passes all calls on; without PYCO_DETACH a pyco-run in there is not confused.
        return !IsOurs(entry) && OwnEnvironment.Value(entry, "PYCO_DETACH="u8) == null;
    }

    private static bool IsOurs(byte* entry) =>
        OwnEnvironment.Value(entry, "PYCO_HOST="u8) != null || OwnEnvironment.Value(entry, "PYCO_HOSTNAME="u8) != null;
}
