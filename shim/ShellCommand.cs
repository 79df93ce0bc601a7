using System.Runtime.InteropServices;
using Pyco.Shim.Resolver;

namespace Pyco.Shim;

/// <summary>
/// system(3) and popen(3). Both start the shell by a call inside libc that nothing interposes, with the environment of
/// the process; so a process that has cleared it gets back what the shell needs to stay on the virtual network.
/// </summary>
internal static unsafe class ShellCommand
{
    [UnmanagedCallersOnly(EntryPoint = "system")]
    public static int Run(byte* command)
    {
        RestoreEnvironment();
        return Next.System(command);
    }

    [UnmanagedCallersOnly(EntryPoint = "popen")]
    public static void* OpenPipe(byte* command, byte* type)
    {
        RestoreEnvironment();
        return Next.OpenPipe(command, type);
    }

    private static void RestoreEnvironment()
    {
        Startup.Ensure();
        ChildEnvironment environment = ChildEnvironment.Look(OwnEnvironment.Current);

        // Where PYCO_DETACH is set, the shell comes to know when it starts something.
        if (!environment.MustChange || environment.Detaches)
            return;
        byte* preload = (byte*)Libc.malloc((nuint)environment.PreloadLength);
        if (preload != null)
            _ = Libc.putenv(OwnEnvironment.WritePreload(preload, environment.Preload));
        if (environment.HasHost)
            return;
        PutCopy(StackHost.Variable);
        if (HostName.IsConfigured)
            PutCopy(HostName.Variable);
    }

    /// <summary>putenv() keeps what it gets, and programs write over their environment.</summary>
    private static void PutCopy(byte* entry)
    {
        int length = Memory.Length(entry) + 1;
        byte* copy = (byte*)Libc.malloc((nuint)length);
        if (copy == null)
            return;
        Memory.Copy(copy, entry, length);
        _ = Libc.putenv(copy);
    }
}
