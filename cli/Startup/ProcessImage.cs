namespace Pyco.Cli.Startup;

/// <summary>
/// The arguments and the environment exactly as the kernel has them: octets, which need not be UTF-8, with duplicates
/// and in order, because the program gets them unchanged.
/// </summary>
internal sealed class ProcessImage
{
    private ProcessImage(IReadOnlyList<byte[]> arguments, IReadOnlyList<byte[]> environment)
    {
        Arguments = arguments;
        Environment = environment;
    }

    /// <summary>argv, its first being the name that we were called by.</summary>
    public IReadOnlyList<byte[]> Arguments { get; }

    /// <summary>envp: <c>NAME=value</c> each.</summary>
    public IReadOnlyList<byte[]> Environment { get; }

    /// <exception cref="IOException">/proc is not mounted.</exception>
    public static ProcessImage Read() => new(
        Split(File.ReadAllBytes("/proc/self/cmdline")),
        Split(File.ReadAllBytes("/proc/self/environ")));

    /// <summary>The same environment with other arguments.</summary>
    public ProcessImage With(IReadOnlyList<byte[]> arguments) => new(arguments, Environment);

    /// <summary>Strings that each end with NUL.</summary>
    internal static List<byte[]> Split(ReadOnlySpan<byte> octets)
    {
        List<byte[]> strings = [];
        while (octets.IndexOf((byte)0) is >= 0 and int end)
        {
            strings.Add(octets[..end].ToArray());
            octets = octets[(end + 1)..];
        }
        return strings;
    }
}
