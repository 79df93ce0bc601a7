namespace Pyco.Integration.Tests.Support;

/// <summary>Where the built programs are: the tests start the very files that <c>make install</c> copies.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PycoRun { get; } = Built("bin/pyco-run");

    public static string PycoNet { get; } = Built("bin/pyco-net");

    public static string PycoWrapper { get; } = Built("bin/pyco-wrapper");

    public static string PycoVdeSetup { get; } = Built("bin/pyco-vde-setup");

    public static string Shim { get; } = Built("lib/libpyco.so");

    /// <summary>The program of test/WebHost, for <c>dotnet</c>, as built with these tests.</summary>
    public static string WebHost { get; } = Path.Combine(
        Root, "test", "WebHost", Path.GetRelativePath(Path.Combine(Root, "test", "Integration"), AppContext.BaseDirectory), "Pyco.WebHost.dll");

    /// <summary>A program source that lies beside the tests.</summary>
    public static string Program(string name) => Path.Combine(AppContext.BaseDirectory, "Programs", name);

    private static string Built(string name)
    {
        string path = Path.Combine(Root, "artifacts", name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: run 'make programs'");
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "PycoShim.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException("no PycoShim.sln above the tests");
    }
}
