using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Network;

/// <summary>
/// The <see cref="ConnectionSecret"/> of a user's hosts that have processes of their own: a file in his
/// <see cref="RuntimeFolder"/>, made by the first of them.
/// </summary>
public static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads the secret, or makes it; one for this host alone where that is not possible.</summary>
    public static ConnectionSecret Take(Func<string, string?> environment)
    {
        Span<byte> octets = stackalloc byte[ConnectionSecret.Length];
        try
        {
            RuntimeFolder.Ensure(environment);
            string path = RuntimeFolder.Secret(environment);
            if (TryRead(path, octets) || TryMake(path, octets) || TryRead(path, octets))
                return new ConnectionSecret(octets);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be used costs no more than a second for each connection that meets an old one.
        }
        return ConnectionSecret.Create(KernelEntropy.Instance);
    }

    private static bool TryRead(string path, Span<byte> octets)
    {
        if (!File.Exists(path))
            return false;
        using FileStream file = File.OpenRead(path);
        return file.Length == octets.Length && file.ReadAtLeast(octets, octets.Length, throwOnEndOfStream: false) == octets.Length;
    }

    /// <summary>Makes the file with all that is in it at once; false if somebody else was first.</summary>
    private static bool TryMake(string path, Span<byte> octets)
    {
        string draft = Path.Combine(Path.GetDirectoryName(path)!, Path.GetRandomFileName());
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        };
        try
        {
            using (FileStream file = new(draft, options))
            {
                KernelEntropy.Instance.Fill(octets);
                file.Write(octets);
            }
            return Libc.link(draft, path) == 0; // File.Move looks first and then renames: too late for others
        }
        finally
        {
            _ = Libc.unlink(draft);
        }
    }
}
