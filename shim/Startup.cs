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
        OwnEnvironment.Find((delegate* unmanaged<void>)&Start);
        ReadEnvironment();
        Next.Resolve();
        if (StackHost.IsConfigured)
            Descriptor.LookForInheritedDatagramSockets();
        IsDone = true;
    }

    private static void ReadEnvironment()
    {
        for (byte** entry = OwnEnvironment.Current; entry != null && *entry != null; entry++)
        {
            byte* host = OwnEnvironment.Value(*entry, "PYCO_HOST="u8);
            if (host != null)
                StackHost.Configure(host);
            byte* name = OwnEnvironment.Value(*entry, "PYCO_HOSTNAME="u8);
            if (name != null)
                HostName.Configure(name);
        }
    }
}
