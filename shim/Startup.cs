using System.Runtime.InteropServices;

namespace Pyco.Shim;

/// <summary>
/// What is done once in each process: read the environment, find the functions of libc that ours stand before, look
/// for datagram sockets that an exec brought.
/// </summary>
internal static unsafe class Startup
{
    // Claimed by the first caller, published by IsDone.
    private static int Claim;
    private static volatile bool IsDone;

    /// <summary>The library's initializer (DT_INIT), which the dynamic loader calls before the program's main.</summary>
    [UnmanagedCallersOnly(EntryPoint = "pyco_start")]
    public static void Start() => Ensure();

    /// <summary>
    /// Every export calls this first: initializers of other libraries may run before ours. While it runs, calls that it
    /// leads to (an allocator's own start, say) go straight to the kernel: see <see cref="Next"/>.
    /// </summary>
    internal static void Ensure()
    {
        if (!IsDone)
            Run();
    }

    private static void Run()
    {
        if (Interlocked.Exchange(ref Claim, 1) != 0)
            return;
        ReadEnvironment();
        Next.Resolve();
        if (StackHost.IsConfigured)
            Descriptor.LookForInheritedDatagramSockets();
        IsDone = true;
    }

    private static void ReadEnvironment()
    {
        byte*** environment = (byte***)Next.Variable("__environ"u8);
        if (environment == null || *environment == null)
            return;
        for (byte** entry = *environment; *entry != null; entry++)
        {
            byte* host = Value(*entry, "PYCO_HOST="u8);
            if (host != null)
                StackHost.Configure(host);
            byte* name = Value(*entry, "PYCO_HOSTNAME="u8);
            if (name != null)
                HostName.Configure(name);
        }
    }

    private static byte* Value(byte* entry, ReadOnlySpan<byte> prefix)
    {
        fixed (byte* expected = prefix)
        {
            int i = 0;
            while (i < prefix.Length && entry[i] == expected[i])
                i++;
            return i == prefix.Length ? entry + i : null;
        }
    }
}
